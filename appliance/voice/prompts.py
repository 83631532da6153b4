"""What the entrance says to the person before its camera: a sentence per code of the face check.

The same codes as on the entry screen (`faces.prompts`); a test holds the two lists together.
"""

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

SAID: dict[str, tuple[str, str]] = {
    "no_face": (
        "请摘下口罩和帽子，正视摄像头",
        "qing3 zhai1 xia4 kou3 zhao4 he2 mao4 zi5, zheng4 shi4 she4 xiang4 tou2",
    ),
    "two_faces": ("请一人核验", "qing3 yi4 ren2 he2 yan4"),
    "too_far": ("请靠近一些", "qing3 kao4 jin4 yi4 xie1"),
    "too_dark": ("请转向光亮处", "qing3 zhuan3 xiang4 guang1 liang4 chu4"),
    "too_bright": ("请避开强光", "qing3 bi4 kai1 qiang2 guang1"),
    "covered": ("请摘下口罩、墨镜或帽子", "qing3 zhai1 xia4 kou3 zhao4, mo4 jing4 huo4 mao4 zi5"),
    "turned": ("请正视摄像头", "qing3 zheng4 shi4 she4 xiang4 tou2"),
    "blurred": ("请保持不动", "qing3 bao3 chi2 bu2 dong4"),
    "look_straight": ("请正视摄像头，闭上嘴", "qing3 zheng4 shi4 she4 xiang4 tou2, bi4 shang4 zui3"),
    "open_mouth": ("请缓慢张嘴，再闭上", "qing3 huan3 man4 zhang1 zui3, zai4 bi4 shang4"),
    "turn_left": (
        "请缓慢向左转头，再转回来",
        "qing3 huan3 man4 xiang4 zuo3 zhuan3 tou2, zai4 zhuan3 hui2 lai2",
    ),
    "turn_right": (
        "请缓慢向右转头，再转回来",
        "qing3 huan3 man4 xiang4 you4 zhuan3 tou2, zai4 zhuan3 hui2 lai2",
    ),
    "blink": ("请眨一下眼", "qing3 zha3 yi2 xia4 yan3"),
}
"""Code -> characters, pinyin with tone numbers (5 = no tone)."""
TOLD: dict[str, tuple[str, str]] = {
    "look": ("请正视摄像头", "qing3 zheng4 shi4 she4 xiang4 tou2"),
    "go": ("请进，到候考室等候叫号", "qing3 jin4, dao4 hou4 kao3 shi4 deng3 hou4 jiao4 hao4"),
    "staff": ("请联系工作人员", "qing3 lian2 xi4 gong1 zuo4 ren2 yuan2"),
    "security": (
        "请到安检台接受安检",
        "qing3 dao4 an1 jian3 tai2 jie1 shou4 an1 jian3",
    ),
    "fire": ("发生火警，请有序撤离", "fa1 sheng1 huo3 jing3, qing3 you3 xu4 che4 li2"),
}
"""What the entry screen says besides: the beginning of the check, and its result, never with a reason."""


class Prompt(msgspec.Struct, frozen=True):
    """One sentence of the entrance, by its code."""

    code: str

    def text(self) -> str:
        """The sentence in Chinese characters."""
        return self._said()[0]

    def pinyin(self) -> str:
        """The sentence as a voice reads it. Raises Corrupt `unspeakable` for a code without one."""
        return self._said()[1]

    def _said(self) -> tuple[str, str]:
        if self.code in TOLD:
            return TOLD[self.code]
        if self.code not in SAID:
            raise Corrupt(
                "unspeakable", N_("There is nothing to say for {name}."), N_("Show it only."), name=self.code
            )
        return SAID[self.code]
