"""What the columns of a roster are called: many spellings, one field each.

A heading is one of ours, contact data (dropped and counted), one that the box has no use for (ignored),
or unknown (the file is refused by the heading's name, so that nothing is lost unseen).
"""

import re
import unicodedata
from typing import Literal

Column = Literal["field", "contact", "ignored", "unknown"]

FIELDS: dict[str, str] = {
    "name": "姓名 考生姓名 学员姓名 人员姓名 名字 name",
    "number": "身份证号 身份证号码 身份证 身份证件号 身份证件号码 证件号码 证件号 公民身份号码 "
    "公民身份证号 公民身份证号码 居民身份证号 居民身份证号码 居民身份证 有效证件号码 "
    "有效证件号 身份号码 考生身份证号 考生身份证号码 idnumber idcard",
    "sex": "性别 sex",
    "birth": "出生日期 出生年月日 生日 birth",
    "category": "作业类别 作业种类 作业类别名称 类别 zylb zylbname",
    "item": "操作项目 准操项目 作业项目 准操类别 操作类别 操作项目名称 工种 申报工种 报考工种 "
    "考试工种 报名工种 报考项目 申请项目 申报项目 准操 czxm czxmname",
    "kind": "考试类型 考试类别 考核类型 考核类别 培训类型 培训类别 申请类型 申请类别 考试性质 "
    "业务类型 申办类型 取证类型 类型 初训复审 初训复训 初复训 初复审 初训复审补考 "
    "考试种类",
    "subject": "科目 考试科目 考核科目 考试内容 考核内容 报考科目 参考科目",
    "ticket": "准考证号 准考证号码 准考证 考号 准考证编号",
    "employer": "单位 工作单位 单位名称 工作单位名称 所在单位 企业名称 企业 用人单位 从业单位 "
    "报名单位 申报单位",
    "help": "便利措施 便利 考试便利 合理便利 考试便利措施 合理便利措施 特殊需求 便利条件",
    "day": "考试日期 日期 考核日期 考试日",
    "time": "考试时间 时间 开考时间 考核时间 开始时间 考试开始时间",
    "eligibility": "审核状态 审核结果 资格审核 资格审核状态 资格审核结果 资格审查 资格状态 考试资格 参考资格",
    "site": "考点 考试点 考点名称 考试点名称 考试地点 考核地点 考点代码 考试点代码",
    "sitting": "场次 考试场次 场次号 场次名称 批次",
    "theory_at": "理论考试时间 理论时间 理论开考时间",
    "practical_at": "实操考试时间 实操时间 实际操作考试时间 实操开考时间",
    "ZGLX": "资格类型 资格类型名称 zglx zglxname",
    "PX_TYPE_CODE": "pxtypecode 培训类型代码",
    "P_id_new": "pidnew 试卷编号 总局试卷编号",
    "PAPER_CERTNUM": "papercertnum 试卷系统身份码",
    "Reg_DEP_ID": "regdepid 发证机关id 发证机关编码",
    "Reg_DEP_NAME": "regdepname",
    "CERT_NUM": "certnum",
    "CERT_BZ": "certbz",
    "CERT_ID": "certid 证件主键",
    "REPLY_TIME_NOW": "replytimenow",
}
"""Field -> spellings, in plain form (see `plain`)."""

PROVINCIAL = tuple(
    """
    ZGLX PX_TYPE_CODE P_id_new PAPER_CERTNUM Reg_DEP_ID Reg_DEP_NAME CERT_NUM CERT_BZ CERT_ID REPLY_TIME_NOW
    """.split()  # noqa: SIM905
)
"""Fields of the national interface, kept for the way back."""

CONTACT = tuple(
    """
    电话 手机 联系 微信 qq 邮箱 邮件 email mail 地址 住址 住所 通讯 通信 邮编 邮政编码 传真 钉钉
    phone mobile wechat tel address 户籍 户口
    """.split()  # noqa: SIM905
)
"""A heading with one of these words is contact data: the platform list (B 14) forbids keeping it."""

IGNORED = frozenset(
    """
    序号 编号 号 no 顺序号 流水号 学员编号 考生编号 人员编号 报名号 报名序号 报名编号 登记号 年龄
    民族 学历 文化程度 备注 说明 照片 相片 证件类型 证件种类 身份证件类型 国籍 培训机构 培训单位
    培训班 培训班名称 培训期次 班级 期数 期次
    考试机构 考场 考场号 考场名称 考室 座位号 座号 座位 机位号 机位 考位 考位号 健康状况 政治面貌
    职务 职称 技术等级 岗位 技术职称 证书编号 证书号 证号 操作证号 初领日期 初次领证日期 有效期
    有效期限 有效期起 有效期止 发证日期 复审日期 应复审日期 发证机关 缴费 是否缴费 签到 签名 签字
    考生签名 考生签字 成绩 理论成绩 实操成绩 状态 打印时间 语种 考试语种 工龄
    从业年限 省份 地市 区县 行业 考试方式 学时 培训学时 报名时间 报名日期 毕业院校 专业 籍贯
    """.split()  # noqa: SIM905
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^】]*】")
_SPACE = re.compile(r"[\s*※:;,.、/\\_\-—·•()\[\]【】]+")


def plain(heading: str) -> str:
    """A heading without width, case, blanks, stars and punctuation."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", heading)).casefold()


def _bare(heading: str) -> str:
    return plain(_BRACKETS.sub("", unicodedata.normalize("NFKC", heading)))


_KNOWN = {plain(word): field for field, words in FIELDS.items() for word in words.split()}


def classify(heading: str) -> tuple[Column, str]:
    """What a heading is, and the field's name when it is one of ours."""
    for text in (plain(heading), _bare(heading)):
        if text in _KNOWN:
            return "field", _KNOWN[text]
        if text in IGNORED:
            return "ignored", ""
    text = plain(heading)
    if any(word in text for word in CONTACT):
        return "contact", ""
    for part in re.split("[/、或(]", unicodedata.normalize("NFKC", heading)):
        if plain(part) in _KNOWN:
            return "field", _KNOWN[plain(part)]
    return "unknown", ""
