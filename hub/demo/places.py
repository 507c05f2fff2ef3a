"""The city: stops by their neighbourhoods, teams, the names of plans and campaigns. Pure data.

The neighbourhoods are Chengdu's; whether there is such a store in them is made up. No name here is
a person's.
"""

from typing import Final

from msgspec import Struct

from contract.codes import place_code, to_base32
from contract.reference import Campaign, KnownPlace


class DemoStop(Struct, frozen=True):
    """A stop; ``kiosks`` of them work there, ``weight`` says how busy it is."""

    id: str
    zh: str
    en: str
    district_zh: str
    district_en: str
    weight: float
    kiosks: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its kiosks."""
        return tuple(f"{self.id}-{number}" for number in range(1, self.kiosks + 1))


CITY: Final = ("成都市", "Chengdu")

_JINJIANG: Final = ("锦江区", "Jinjiang")
_QINGYANG: Final = ("青羊区", "Qingyang")
_JINNIU: Final = ("金牛区", "Jinniu")
_WUHOU: Final = ("武侯区", "Wuhou")
_CHENGHUA: Final = ("成华区", "Chenghua")
_GAOXIN: Final = ("高新区", "Hi-tech Zone")

_STOPS: Final = (
    ("yulin", "玉林", "Yulin", _WUHOU, 2.0, 2),
    ("shuinianhe", "水碾河", "Shuinianhe", _JINJIANG, 1.4, 1),
    ("jianshelu", "建设路", "Jianshe Road", _CHENGHUA, 1.9, 2),
    ("caotang", "草堂", "Caotang", _QINGYANG, 1.3, 1),
    ("fuqin", "抚琴", "Fuqin", _JINNIU, 1.6, 1),
    ("shenxianshu", "神仙树", "Shenxianshu", _GAOXIN, 1.5, 1),
    ("niushikou", "牛市口", "Niushikou", _JINJIANG, 1.2, 1),
    ("tongzilin", "桐梓林", "Tongzilin", _WUHOU, 1.3, 1),
    ("chadianzi", "茶店子", "Chadianzi", _JINNIU, 1.1, 1),
    ("jinsha", "金沙", "Jinsha", _QINGYANG, 1.4, 1),
    ("mengzhuiwan", "猛追湾", "Mengzhuiwan", _CHENGHUA, 1.2, 1),
    ("xiaojiahe", "肖家河", "Xiaojiahe", _GAOXIN, 1.0, 1),
    ("hongpailou", "红牌楼", "Hongpailou", _WUHOU, 1.2, 1),
    ("simaqiao", "驷马桥", "Simaqiao", _JINNIU, 0.9, 1),
    ("babaojie", "八宝街", "Babao Street", _QINGYANG, 1.0, 1),
    ("wannianchang", "万年场", "Wannianchang", _CHENGHUA, 1.1, 1),
    ("chunxilu", "春熙路", "Chunxi Road", _JINJIANG, 1.7, 2),
    ("fangcao", "芳草街", "Fangcao Street", _GAOXIN, 1.1, 1),
    ("cuqiao", "簇桥", "Cuqiao", _WUHOU, 0.8, 1),
    ("yingmenkou", "营门口", "Yingmenkou", _JINNIU, 1.0, 1),
    ("xianlu", "西安路", "Xi'an Road", _QINGYANG, 0.9, 1),
    ("shuangqiaozi", "双桥子", "Shuangqiaozi", _CHENGHUA, 0.9, 1),
    ("shiyang", "石羊", "Shiyang", _GAOXIN, 0.8, 1),
    ("lianhua", "莲花新区", "Lianhua", _JINJIANG, 0.8, 1),
    ("fuqinglu", "府青路", "Fuqing Road", _CHENGHUA, 0.7, 1),
    ("shawan", "沙湾", "Shawan", _JINNIU, 0.7, 1),
    ("jinyang", "晋阳", "Jinyang", _WUHOU, 0.7, 1),
    ("huangtian", "黄田坝", "Huangtianba", _QINGYANG, 0.5, 1),
    ("shahe", "沙河堡", "Shahebao", _JINJIANG, 0.6, 1),
    ("zhonghe", "中和", "Zhonghe", _GAOXIN, 0.6, 1),
)

MAX_STOPS: Final = 300


def city(count: int) -> tuple[DemoStop, ...]:
    """The first ``count`` stops (at most `MAX_STOPS`), the busiest neighbourhoods among the first.

    There are thirty neighbourhoods; a larger city has a second store in each, and so on.
    """
    found = []
    for number in range(count):
        key, zh, en, district, weight, kiosks = _STOPS[number % len(_STOPS)]
        store = number // len(_STOPS) + 1
        found.append(
            DemoStop(
                key if store == 1 else f"{key}-s{store}",
                f"{zh}义仓站" if store == 1 else f"{zh}{store}号义仓站",
                f"{en} Yicang Stop" if store == 1 else f"{en} Yicang Stop {store}",
                *district,
                weight,
                kiosks,
            )
        )
    return tuple(found)


def stop_place(number: int) -> str:
    """The place code that stands for the stop with this number in transfers."""
    return place_code("5T" + to_base32(number, 4))


TEAMS: Final = (
    KnownPlace(place_code("7EAM01"), "team", "东城送货队", "East delivery team"),
    KnownPlace(place_code("7EAM02"), "team", "西城送货队", "West delivery team"),
    KnownPlace(place_code("7EAM03"), "team", "清洗整理队", "Washing and mending team"),
)
DISPOSAL: Final = KnownPlace(place_code("0D15P0"), "disposal", "废品回收点", "Recycling point")

FLOWERS: Final = (
    ("牡丹", "peony"),
    ("荷花", "lotus"),
    ("菊花", "chrysanthemum"),
    ("梅花", "plum"),
    ("桂花", "osmanthus"),
    ("兰花", "orchid"),
    ("芙蓉", "hibiscus"),
    ("海棠", "begonia"),
    ("茶花", "camellia"),
    ("杜鹃", "azalea"),
    ("水仙", "narcissus"),
    ("玉兰", "magnolia"),
)
COLOURS: Final = (
    ("红", "Red"),
    ("黄", "Yellow"),
    ("蓝", "Blue"),
    ("绿", "Green"),
    ("紫", "Purple"),
    ("白", "White"),
)

CAMPAIGNS: Final = (
    Campaign(11, "一勺米", "A spoon of rice", 6_000),
    Campaign(12, "冬衣计划", "Winter coats", 1_500),
    Campaign(13, "开学书包", "School bags", 800, open=False),
)
