"""What is sold and where: products, stores and employees of an invented lingerie retailer."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from orchestration.demo.arithmetic import Flags, Floats, Ints

SIMPLE, CONFIGURABLE, BUNDLE, GIFT_CARD = range(4)
KIND_NAMES = ("simple", "configurable", "bundle", "giftcard")
GIFT_FAMILY = "GIFT CARD"
SERVICE_FAMILY = "SERVICES"
BOOK_RATE = 55


class Shop(NamedTuple):
    """A shop; tax rates are tenths of a percent, weight its share of the tickets."""

    code: str
    name: str
    city: str
    postcode: str
    country: str
    region: str
    zone: str
    tax_rate: int
    weight: float
    employees: int


class WebStore(NamedTuple):
    """A store view of the web shop; its tax rate is in tenths of a percent."""

    store_id: int
    code: str
    name: str
    zone: str
    country: str
    tax_rate: int


SHOPS = (
    Shop(
        "P01", "Paris Saint-Honoré", "Paris", "75001",
        "FR", "Île-de-France", "Europe/Paris", 200, 1.6, 8,
    ),
    Shop(
        "P02", "Paris Marais", "Paris", "75004", "FR",
        "Île-de-France", "Europe/Paris", 200, 1.4, 7,
    ),
    Shop(
        "P03", "Paris Passy", "Paris", "75016", "FR",
        "Île-de-France", "Europe/Paris", 200, 1.1, 6,
    ),
    Shop(
        "L01", "Lyon République", "Lyon", "69002", "FR",
        "Auvergne-Rhône-Alpes", "Europe/Paris", 200, 1.2, 6,
    ),
    Shop(
        "M01", "Marseille Saint-Ferréol", "Marseille", "13001",
        "FR", "Provence", "Europe/Paris", 200, 1.0, 5,
    ),
    Shop(
        "B01", "Bordeaux Sainte-Catherine", "Bordeaux", "33000",
        "FR", "Nouvelle-Aquitaine", "Europe/Paris", 200, 1.0, 5,
    ),
    Shop(
        "N01", "Lille Béthune", "Lille", "59000", "FR",
        "Hauts-de-France", "Europe/Paris", 200, 0.9, 5,
    ),
    Shop(
        "O01", "Nantes Crébillon", "Nantes", "44000", "FR",
        "Pays de la Loire", "Europe/Paris", 200, 0.9, 5,
    ),
    Shop(
        "R01", "Saint-Denis Maréchal-Leclerc", "Saint-Denis",
        "97400", "FR", "La Réunion", "Indian/Reunion", 85, 0.6, 4,
    ),
    Shop(
        "G01", "Pointe-à-Pitre Frébault", "Pointe-à-Pitre", "97110",
        "FR", "Guadeloupe", "America/Guadeloupe", 85, 0.5, 4,
    ),
    Shop(
        "C01", "Las Palmas Triana", "Las Palmas", "35002",
        "ES", "Canarias", "Atlantic/Canary", 70, 0.6, 4,
    ),
    Shop(
        "X01", "Lisboa Chiado", "Lisboa", "1200-094",
        "PT", "Lisboa", "Europe/Lisbon", 230, 0.8, 5,
    ),
)  # fmt: skip
WEB_STORES = (
    WebStore(1, "fr", "Habitue France", "Europe/Paris", "FR", 200),
    WebStore(2, "es", "Habitue España", "Europe/Madrid", "ES", 210),
    WebStore(3, "pt", "Habitue Portugal", "Europe/Lisbon", "PT", 230),
)


class Line(NamedTuple):
    """A line of styles: where it stands in both hierarchies, its prices in euros, its sizes."""

    family: str
    subfamily: str
    path: str
    noun: str
    label: str
    price_low: int
    price_high: int
    sizes: tuple[str, ...]
    style_count: int
    weight: float


CUPS = ("80B", "85B", "85C", "90B", "90C", "95D")
LETTERS = ("XS", "S", "M", "L", "XL")
LINES = (
    Line(
        "LINGERIE", "SOFT BRAS", "Lingerie/Bras/Soft bras",
        "soft bra", "Brassière", 29, 55, CUPS, 8, 3.0,
    ),
    Line(
        "LINGERIE", "UNDERWIRED BRAS", "Lingerie/Bras/Underwired",
        "bra", "Soutien-gorge", 35, 75, CUPS, 10, 3.5,
    ),
    Line(
        "LINGERIE", "BRIEFS", "Lingerie/Briefs/Classic",
        "brief", "Culotte", 12, 30, LETTERS, 10, 4.5,
    ),
    Line("LINGERIE", "TANGAS", "Lingerie/Briefs/Tangas", "tanga", "Tanga", 12, 28, LETTERS, 6, 2.0),
    Line(
        "NIGHTWEAR", "PYJAMAS", "Nightwear/Pyjamas",
        "pyjamas", "Pyjama", 49, 129, LETTERS, 6, 1.4,
    ),
    Line("NIGHTWEAR", "ROBES", "Nightwear/Robes", "robe", "Déshabillé", 59, 149, LETTERS, 4, 0.6),
    Line("HOSIERY", "TIGHTS", "Hosiery/Tights", "tights", "Collant", 9, 25, LETTERS, 6, 2.4),
    Line(
        "HOSIERY", "SOCKS", "Hosiery/Socks", "socks",
        "Chaussettes", 7, 15, ("36", "38", "40"), 5, 1.6,
    ),
    Line(
        "SWIMWEAR", "BIKINIS", "Swimwear/Bikinis",
        "bikini top", "Haut de bikini", 29, 69, CUPS, 5, 1.2,
    ),
    Line("CLOTHING", "KNITWEAR", "Clothing/Knitwear", "jumper", "Pull", 49, 139, LETTERS, 5, 0.9),
    Line(
        "CLOTHING", "T-SHIRTS", "Clothing/T-shirts",
        "t-shirt", "Tee-shirt", 19, 45, LETTERS, 5, 1.2,
    ),
)  # fmt: skip
STYLE_NAMES = (
    "Luna", "Noémie", "Élise", "Iris", "Salomé",
    "Agathe", "Clémence", "Flore", "Garance", "Jeanne",
)  # fmt: skip
COLOURS = (("NOI", "noir", "black"), ("IVO", "ivoire", "ivory"), ("ROU", "rouge", "red"))


class Article(NamedTuple):
    """One sellable article; prices in cents with French tax; tax 0 means the store's rate."""

    product_id: int
    sku: str
    kind: int
    name: str
    label: str
    path: str
    family: str
    subfamily: str
    size: str
    colour: str
    price: int
    cost: int
    tax_rate: int
    web_weight: float
    shop_weight: float
    parent_id: int
    parts: tuple[int, int] | None


@dataclass(frozen=True)
class Catalogue:
    """Every article, and its figures as arrays by article number."""

    articles: list[Article]
    kinds: Ints
    is_service: Flags
    prices: Ints
    tax_rates: Ints
    web_weights: Floats
    shop_weights: Floats
    parents: dict[int, tuple[str, str, str, int, int]]


Parent = tuple[str, str, str, int, int]


def _variants(
    line: Line, style: int, next_id: int, rng: np.random.Generator
) -> tuple[list[Article], Parent]:
    name = STYLE_NAMES[style % len(STYLE_NAMES)]
    price = int(rng.integers(line.price_low, line.price_high)) * 100 + 90
    cost = int(price * (0.22 + 0.14 * rng.random()))
    base = f"{line.subfamily[:3].replace(' ', '')}-{style:02d}{line.noun[0].upper()}{next_id}"
    parent = (base, f"{name} {line.noun}", line.path, price, cost)
    appeal = line.weight / line.style_count * float(rng.pareto(1.6) + 0.2) / len(line.sizes)
    looks = [(colour, size) for colour in COLOURS for size in line.sizes]
    articles = [
        _variant(line, parent, name, look, next_id, number, appeal)
        for number, look in enumerate(looks)
    ]
    return articles, parent


def _variant(
    line: Line, parent: Parent, name: str, look: tuple[tuple[str, str, str], str],
    parent_id: int, number: int, appeal: float,
) -> Article:  # fmt: skip
    base, _, path, price, cost = parent
    (code, french, english), size = look
    return Article(
        product_id=parent_id + 1 + number,
        sku=f"{base}-{code}-{size}",
        kind=CONFIGURABLE,
        name=f'"{name} {line.noun}, {english} {size}"',
        label=f"{line.label} {name} {french} {size}",
        path=path,
        family=line.family,
        subfamily=line.subfamily,
        size=size,
        colour=french,
        price=price,
        cost=cost,
        tax_rate=0,
        web_weight=appeal,
        shop_weight=appeal,
        parent_id=parent_id,
        parts=None,
    )


def _single(
    product_id: int, sku: str, kind: int, name: str, label: str, place: tuple[str, str, str],
    price: int, cost: int, tax: int, web: float, shop: float, parts: tuple[int, int] | None = None,
) -> Article:  # fmt: skip
    path, family, subfamily = place
    return Article(
        product_id, sku, kind, name, label, path, family, subfamily, "", "",
        price, cost, tax, web, shop, 0, parts,
    )  # fmt: skip


BOOKS = ("Accessories/Books", "ACCESSORIES", "BOOKS")
BAGS = ("Services/Bags", SERVICE_FAMILY, "BAGS")
CARE = ("Accessories/Care", "ACCESSORIES", "CARE")
CARDS = ("Gift cards", GIFT_FAMILY, GIFT_FAMILY)
SETS = ("Lingerie/Sets", "LINGERIE", "SETS")


def _extras(number: int) -> list[Article]:
    return [
        _single(
            number, "BOOK-SILK", SIMPLE, "The care of silk", "Livre « L'entretien de la soie »",
            BOOKS, 1999, 800, BOOK_RATE, 0.15, 0.2,
        ),
        _single(number + 1, "BAG", SIMPLE, "Carrier bag", "Sac cabas", BAGS, 10, 3, 0, 0.0, 0.9),
        _single(
            number + 2, "POUCH", SIMPLE, "Wash pouch", "Filet de lavage",
            CARE, 790, 190, 0, 0.3, 0.4,
        ),
        _single(
            number + 3, "GIFT-FREE", SIMPLE, "Gift pouch", "Pochette offerte",
            CARE, 0, 110, 0, 0.15, 0.1,
        ),
        _single(
            number + 4, "GIFTCARD-50", GIFT_CARD, "Gift card 50", "Carte cadeau 50",
            CARDS, 5000, 0, 0, 0.08, 0.08,
        ),
    ]  # fmt: skip


def _sets(next_id: int, articles: list[Article]) -> list[Article]:
    """Bundles of a bra and a brief, a tenth cheaper than their parts; sold on the web only."""
    tops = [n for n, article in enumerate(articles) if article.subfamily == "UNDERWIRED BRAS"]
    bottoms = [n for n, article in enumerate(articles) if article.subfamily == "BRIEFS"]
    sets: list[Article] = []
    for number in range(6):
        parts = tops[number * 7 % len(tops)], bottoms[number * 5 % len(bottoms)]
        price = int(sum(articles[part].price for part in parts) * 0.9) // 10 * 10
        names = f"SET-{number + 1:02d}", BUNDLE, f"Set {number + 1}", f"Ensemble {number + 1}"
        sets.append(_single(next_id + number, *names, SETS, price, 0, 0, 0.08, 0.0, parts))
    return sets


def make_catalogue(seed: int) -> Catalogue:
    """The same articles for the same seed, whatever the size of the demo."""
    rng = np.random.default_rng([seed, 1])
    articles: list[Article] = []
    parents: dict[int, Parent] = {}
    next_id = 1
    for line in LINES:
        for style in range(line.style_count):
            variants, parents[next_id] = _variants(line, style, next_id, rng)
            articles += variants
            next_id += len(variants) + 1
    extras = _extras(next_id)
    articles += [*extras, *_sets(next_id + len(extras), articles)]
    web = np.array([article.web_weight for article in articles])
    shop = np.array([article.shop_weight for article in articles])
    return Catalogue(
        articles=articles,
        kinds=np.array([article.kind for article in articles], dtype=np.int64),
        is_service=np.array([each.family == SERVICE_FAMILY for each in articles], dtype=np.bool_),
        prices=np.array([article.price for article in articles], dtype=np.int64),
        tax_rates=np.array([article.tax_rate for article in articles], dtype=np.int64),
        web_weights=np.cumsum(web) / web.sum(),
        shop_weights=np.cumsum(shop) / shop.sum(),
        parents=parents,
    )
