"""One writing for one word: full-width, traditional script and stray spaces are folded away before reading.

`normalise` does the same for commands, more thoroughly; here every character keeps its place, because a mention
must be found again in the text as it was given.
"""

import re
from dataclasses import dataclass

# The characters that the forms and their look-alikes are written with, and no others.
_TRADITIONAL = (
    "來倉個們備價優兒內兩別劉動務勞勢區參吳呂員問啟啓單嗎嚴國圍園圓報場塊婦孫學層屬峯師幾庫廈廠廣廳張強彌後從慶懷戶"
    "換撐攤時曉曬書會東條棟楊業樂樓標樣樹橋機櫃權歲歷曆氣沒減湯滿漲灣無燈燒爐爲為牆獎獲現環當盧碼禮積節範糉粽紀約級"
    "組經網線編縣總羅羣群習聖聞聲臘臺與舉舊艙莊萬葉蔣薦蘇處號衆裏裡補裝見視親覺許訴誕語說課調請論諾講謝證識譚議護"
    "讀豐費賀賈賓賬趙車軍輩輪轉辦農這遊過遲選還邊鄉鄒鄧鄭鄰醫鋒鋪鋼錢鍋鍾鐘鎮鐵長門閆開閏間陰陳陸陽隊際隨雙難電靜"
    "韋韓項頭題額願顧飯餅餘館馬馮驗體鳴鵝鵬黃點黨龍龔週淩"
)
_SIMPLIFIED = (
    "来仓个们备价优儿内两别刘动务劳势区参吴吕员问启启单吗严国围园圆报场块妇孙学层属峰师几库厦厂广厅张强弥后从庆怀户"
    "换撑摊时晓晒书会东条栋杨业乐楼标样树桥机柜权岁历历气没减汤满涨湾无灯烧炉为为墙奖获现环当卢码礼积节范粽粽纪约级"
    "组经网线编县总罗群群习圣闻声腊台与举旧舱庄万叶蒋荐苏处号众里里补装见视亲觉许诉诞语说课调请论诺讲谢证识谭议护"
    "读丰费贺贾宾账赵车军辈轮转办农这游过迟选还边乡邹邓郑邻医锋铺钢钱锅钟钟镇铁长门闫开闰间阴陈陆阳队际随双难电静"
    "韦韩项头题额愿顾饭饼余馆马冯验体鸣鹅鹏黄点党龙龚周凌"
)
_SPACES = "\t\r\u00a0\u202f\u2060\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200E)))

_FOLD: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},  # full-width
    **dict.fromkeys(map(ord, "‐‑‒–—―−－﹣─"), "-"),
    **dict.fromkeys(map(ord, "～〜∼˜"), "~"),
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict(zip(map(ord, "【】「」∶︰○"), "()()::〇", strict=True)),
    **dict(zip(map(ord, _TRADITIONAL), _SIMPLIFIED, strict=True)),
}

# Spaces go, except between digits: 12/5 9:30 must not become 12/59:30. Line ends stay.
_STRAY = re.compile(r"(?<![0-9 ]) +|(?<=[0-9]) +(?![0-9 ])")


@dataclass(frozen=True, slots=True)
class Folded:
    """`plain` is what the grammar reads; `spaced` is the same with its spaces, as long as the original."""

    plain: str
    spaced: str

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `plain[start:end]`, not empty, stands in the original text."""
        if len(self.plain) == len(self.spaced):
            return start, end
        return self._original(start), self._original(end - 1) + 1

    def _original(self, position: int) -> int:
        for gap in _STRAY.finditer(self.spaced):
            if gap.start() > position:
                break
            position += gap.end() - gap.start()
        return position


def fold(text: str) -> Folded:
    spaced = text.translate(_FOLD)
    return Folded(_STRAY.sub("", spaced) if " " in spaced else spaced, spaced)
