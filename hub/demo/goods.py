"""What people give: kinds of goods and their shares, packaged goods with retail codes. Pure.

Retail codes are EAN-13 of mainland China's prefixes 690 to 699 with right check digits, made from
running numbers; a code that happens to be somebody's names another thing here. The names are
generic, of no brand.
"""

from typing import Final

from msgspec import Struct

from contract.gtins import check_digit
from contract.messages import Product

SHARES: Final = {
    "C1": 21.0,
    "C2": 11.0,
    "F1": 9.0,
    "F2": 10.0,
    "H1": 7.0,
    "H2": 6.0,
    "S1": 7.0,
    "B1": 4.0,
    "K1": 5.0,
    "E1": 2.5,
    "T1": 5.0,
    "R1": 6.5,
    "M1": 2.0,
    "N1": 1.0,
    "Z1": 2.0,
    "ZZ": 1.0,
}
"""Of a hundred items, how many are of which category."""

PRICES: Final = {
    "C1": (50, 300),
    "C2": (30, 200),
    "S1": (50, 350),
    "B1": (80, 400),
    "K1": (20, 150),
    "E1": (150, 900),
    "T1": (20, 200),
    "R1": (10, 100),
    "Z1": (10, 150),
}
"""Categories that go to the market, with the lowest and highest price in jiao."""


class Packaged(Struct, frozen=True):
    """A retail product; food keeps so many ``days``, 0 for what does not spoil."""

    gtin: str
    category: str
    zh: str
    en: str
    days: int = 0
    named: bool = True

    @property
    def entry(self) -> Product:
        """As reference data has it."""
        return Product(self.gtin, self.category, self.zh, self.en)


_FAMILIES: Final = (
    ("F1", 540, "东北大米", "North-eastern rice", ("2.5 kg", "5 kg", "10 kg")),
    ("F1", 540, "泰国香米", "Jasmine rice", ("2 kg", "5 kg")),
    ("F1", 360, "高筋面粉", "Strong flour", ("1 kg", "2.5 kg", "5 kg")),
    ("F1", 540, "菜籽油", "Rapeseed oil", ("1.8 L", "5 L")),
    ("F1", 540, "玉米油", "Corn oil", ("1.8 L", "5 L")),
    ("F1", 720, "挂面", "Dried noodles", ("500 g", "1 kg")),
    ("F1", 540, "绿豆", "Mung beans", ("500 g", "1 kg")),
    ("F1", 360, "小米", "Millet", ("500 g", "1 kg")),
    ("F2", 180, "方便面", "Instant noodles", ("5包", "12包")),
    ("F2", 180, "纯牛奶", "UHT milk", ("250 ml × 12", "250 ml × 24")),
    ("F2", 720, "午餐肉罐头", "Luncheon meat", ("198 g", "340 g")),
    ("F2", 720, "八宝粥", "Eight-treasure porridge", ("360 g", "360 g × 6")),
    ("F2", 300, "苏打饼干", "Soda crackers", ("400 g", "800 g")),
    ("F2", 540, "豆瓣酱", "Chilli bean paste", ("500 g", "1 kg")),
    ("F2", 720, "酱油", "Soy sauce", ("500 ml", "1.8 L")),
    ("F2", 540, "花茶", "Jasmine tea", ("100 g", "250 g")),
    ("H1", 0, "洗衣液", "Liquid detergent", ("1 kg", "2 kg", "3 kg")),
    ("H1", 0, "洗衣粉", "Washing powder", ("1.6 kg", "3 kg")),
    ("H1", 0, "洗洁精", "Dish soap", ("500 g", "1.5 kg")),
    ("H1", 0, "肥皂", "Laundry soap", ("2块", "4块")),
    ("H2", 0, "卷纸", "Toilet paper", ("10卷", "27卷")),
    ("H2", 0, "抽纸", "Tissues", ("3包", "18包")),
    ("H2", 0, "牙膏", "Toothpaste", ("120 g", "200 g")),
    ("H2", 0, "洗发水", "Shampoo", ("400 ml", "750 ml")),
    ("H2", 0, "香皂", "Soap", ("100 g", "100 g × 4")),
    ("M1", 720, "婴儿米粉", "Baby rice cereal", ("225 g", "500 g")),
    ("M1", 0, "纸尿裤", "Nappies", ("M 50", "L 42")),
    ("N1", 0, "成人护理垫", "Care pads", ("10片", "20片")),
    ("K1", 0, "保温杯", "Vacuum flask", ("350 ml", "500 ml")),
    ("R1", 0, "作业本", "Exercise books", ("10本", "20本")),
)

_COUNTED: Final = {"包": "packs", "块": "bars", "卷": "rolls", "片": "pieces", "本": "books"}

UNNAMED: Final = 9
"""So many of the products nobody has named at the hub."""


def ean13(prefix: int, number: int) -> str:
    """The EAN-13 with a three-digit ``prefix`` and running ``number`` (GS1 General Specifications,
    7.9, check digit calculation)."""
    body = f"{prefix:03d}{number:09d}"
    return body + check_digit(f"0{body}")


def _in_english(size: str) -> str:
    for zh, en in _COUNTED.items():
        size = size.replace(zh, f" {en}")
    return size


def packaged() -> tuple[Packaged, ...]:
    """Every product, and after them those that no hub has a name for."""
    found = []
    for family, (category, days, zh, en, sizes) in enumerate(_FAMILIES):
        for number, size in enumerate(sizes):
            code = ean13(690 + family % 10, 510_000_000 + family * 1_000 + number * 17)
            names = f"{zh}{size}", f"{en} {_in_english(size)}"
            found.append(Packaged(f"0{code}", category, *names, days))
    for number in range(UNNAMED):
        code = ean13(690 + number, 777_000_000 + number * 31)
        category = ("F2", "H1", "K1")[number % 3]
        days = 360 if category == "F2" else 0
        found.append(Packaged(f"0{code}", category, "", "", days, named=False))
    return tuple(found)
