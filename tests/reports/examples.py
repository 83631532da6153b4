"""Invented facts for the sheets; place code 999999, invented names."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from appliance.wire import sheets as facts

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = ["建国", "丽", "志强", "晓燕", "海涛", "雨桐", "文博", "桂英", "子轩", "欣怡"]


def heading(demo: bool = True, subject: str = "theory") -> facts.Heading:
    """A sitting of the demonstration site."""
    return facts.Heading(
        site_code="999999-01",
        site_name="示范市特种作业考试点",
        demo=demo,
        timezone="Asia/Shanghai",
        made_at=START + timedelta(hours=2, minutes=31),
        made_by="考务办公室",
        sitting="019a0000000070008000000000000001",
        number=1,
        subject=subject,  # type: ignore[arg-type]
        trade="低压电工作业",
        room="理论考场一" if subject == "theory" else "实操考室一",
        starts_at=START,
        ends_at=START + timedelta(hours=2),
    )


def name(i: int) -> str:
    """An invented name."""
    return FAMILY[i % len(FAMILY)] + GIVEN[(i * 7) % len(GIVEN)]


def number(i: int) -> str:
    """A masked number."""
    return f"9999**********{1000 + i}"


def sign_in(rows: int = 60, demo: bool = True, closed: bool = True) -> facts.SignInSheet:
    """A sheet of `rows` candidates; every 20th is absent."""
    return facts.SignInSheet(
        heading=heading(demo),
        closed=closed,
        rows=[
            facts.SignInRow(
                name=name(i),
                number=number(i),
                ticket_number=f"2026112199{i:04d}",
                seat=f"T1-{i + 1:02d}",
                admitted_at=None if i % 20 == 7 else START - timedelta(minutes=40, seconds=-13 * i),
                how="review" if i == 4 else "machine",
            )
            for i in range(rows)
        ],
    )


def plan(demo: bool = True) -> facts.SeatPlan:
    """60 seats in rows of ten and six spares."""
    seats = [
        facts.PlanSeat(
            seat=f"T1-{i + 1:02d}",
            number=i + 1,
            row=i // 11 + 1,
            column=i % 11 + 1,
            spare=i >= 60,
            broken=i == 12,
            name="" if i in (7, 12, 27, 47) or i > 60 else name(i),
            ticket_number="" if i in (7, 12) else f"2026112199{i:04d}",
        )
        for i in range(66)
    ]
    return facts.SeatPlan(heading=heading(demo), seats=seats)


def record(demo: bool = True) -> facts.RoomRecord:
    """A sitting with one of everything."""
    at = START + timedelta(minutes=17)
    return facts.RoomRecord(
        heading=heading(demo),
        expected=60,
        present=57,
        absent=[
            facts.Absent(name=name(i), number=number(i), ticket_number=f"2026112199{i:04d}")
            for i in (7, 27, 47)
        ],
        started_at=START + timedelta(seconds=4),
        ended_at=START + timedelta(hours=2, minutes=10),
        hand_ins=facts.HandIns(candidate=50, time=6, forced=1),
        moves=[
            facts.Move(
                at=at, name=name(12), from_seat="T1-13", to_seat="T1-61", reason="键盘失灵", by="王监考"
            )
        ],
        extensions=[
            facts.Extension(
                at=at + timedelta(minutes=4),
                name=name(12),
                seat="T1-61",
                seconds=300,
                reason="换机耽误",
                by="王监考",
                second="刘站长",
            )
        ],
        incidents=[
            facts.Incident(
                at=at - timedelta(minutes=30),
                kind="case.decided",
                name=name(4),
                text="人证核验距离处于复核区间",
                result="admit",
                by="李核验",
            ),
            facts.Incident(
                at=at + timedelta(minutes=20),
                kind="warning.shown",
                name=name(30),
                seat="T1-31",
                text="请勿左顾右盼",
                by="王监考",
            ),
        ],
        recordings=facts.RoomRecordings(
            cameras=["理论考场前部", "理论考场后部"],
            gaps=[
                facts.RoomGap(
                    camera="理论考场前部",
                    start=at + timedelta(minutes=30),
                    end=at + timedelta(minutes=32, seconds=5),
                    cause="network",
                )
            ],
            alarms=[
                facts.RoomAlarm(
                    camera="理论考场后部",
                    start=at + timedelta(minutes=40),
                    end=at + timedelta(minutes=41),
                    what="lens covered, blurred or dazzled",
                )
            ],
        ),
        journal=facts.JournalCode(
            seq=4711, hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        ),
    )


def score(demo: bool = True, veto: bool = False) -> facts.ScoreSheet:
    """Four subjects of low-voltage electricians."""

    def item(text: str, most: str, *losses: tuple[str, str, int]) -> facts.ScoreItem:
        taken = [facts.ScoreLoss(text=t, points=Decimal(p), count=c) for t, p, c in losses]
        return facts.ScoreItem(
            text=text, most=Decimal(most), losses=taken, left=Decimal(most) - sum(x.points for x in taken)
        )

    tasks = [
        facts.TaskScore(
            subject="K1",
            task="K11",
            title="电工仪表安全使用",
            weight=Decimal(20),
            items=[
                item("选用合适的电工仪表", "20"),
                item("仪表检查", "20", ("未检查外观", "10", 1)),
                item("正确使用仪表", "50"),
                item("对测量结果判断", "10"),
            ],
            raw=Decimal(90),
            points=Decimal(18),
            examiner="孙考评",
            signed_at=START + timedelta(hours=5),
        ),
        facts.TaskScore(
            subject="K2",
            task="K21",
            title="电动机单向连续运转接线（带点动控制）",
            weight=Decimal(40),
            items=[
                item("按原理图选用元件和导线", "20"),
                item("接线", "40", ("露铜超标", "10", 2), ("接线松动", "5", 1)),
                item("通电前检查", "20"),
                item("上电运行与断电清理", "20", ("工位未清理", "2.5", 1)),
            ],
            vetoes=["通电不成功或跳闸"] if veto else [],
            note="考生自行发现一处接线松动并改正。",
            raw=Decimal(0) if veto else Decimal("82.5"),
            points=Decimal(0) if veto else Decimal("33"),
            examiner="孙考评",
            signed_at=START + timedelta(hours=5, minutes=31),
        ),
        facts.TaskScore(
            subject="K3",
            task="K31",
            title="判断作业现场存在的安全风险、职业危害",
            weight=Decimal(20),
            items=[
                item("明确作业任务、做好个人防护", "25"),
                item("找出安全风险和职业危害", "75", ("漏一处", "15", 1)),
            ],
            raw=Decimal(85),
            points=Decimal(17),
            examiner="孙考评",
            signed_at=START + timedelta(hours=5, minutes=40),
        ),
        facts.TaskScore(
            subject="K4",
            task="K43",
            title="灭火器的选择和使用",
            weight=Decimal(20),
            items=[
                item("检查灭火器", "10"),
                item("选择灭火器并判断风向", "15"),
                item("操作", "60"),
                item("复位与报告", "15"),
            ],
            raw=Decimal(100),
            points=Decimal(20),
            examiner="孙考评",
            signed_at=START + timedelta(hours=5, minutes=52),
        ),
    ]
    return facts.ScoreSheet(
        heading=heading(demo, "practical"),
        name=name(3),
        number=number(3),
        ticket_number="20261121990003",
        workplace="P1-02",
        tasks=tasks,
        total=Decimal(55) if veto else Decimal(88),
        passed=not veto,
        attempt="019a0000000070008000000000000777",
    )


def violation(demo: bool = True) -> facts.ViolationSheet:
    """A violation that was decided and corrected."""
    screen = facts.ViolationEvidence(kind="screen", at=START, sha256="ab" * 32)
    camera = facts.ViolationEvidence(kind="camera", at=START, sha256="cd" * 32)
    case = facts.ViolationEvidence(kind="A phone or another device in the picture", at=START)
    decided = [
        facts.ViolationDecided(
            decision=decision,
            reason="监控画面清楚，考生承认。",
            at=START + timedelta(hours=3),
            by="孙考务",
            second="刘站长",
        )
        for decision in ("A warning", "This subject does not count")
    ]
    return facts.ViolationSheet(
        heading=heading(demo),
        number=2,
        name=name(3),
        id_number=number(3),
        ticket_number="20261121990003",
        employer="泰山电力安装公司",
        seat="T1-03",
        happened_at=START + timedelta(minutes=41),
        rule_zh="查阅资料，或使用手机等通信、存储设备",
        rule_en="Consulted material, or used a phone or another device",
        article="北京2009办法第七条",
        seen="桌面下查看手机，屏幕上有题目。",
        taken="手机一部（黑色）",
        told="told, and signs the record",
        told_at=START + timedelta(minutes=42),
        said="忘了上交。",
        recorded_by="王监考",
        second="赵监考",
        evidence=[screen, camera],
        cases=[case],
        decisions=decided,
    )


def receipt(demo: bool = True) -> facts.TakenReceipt:
    """What was taken from the same."""
    return facts.TakenReceipt(
        heading=heading(demo),
        number=2,
        name=name(3),
        id_number=number(3),
        ticket_number="20261121990003",
        seat="T1-03",
        taken="手机一部（黑色）",
        at=START + timedelta(minutes=42),
        recorded_by="王监考",
        second="赵监考",
    )
