"""Money: whole minor units of one currency. Never a float, never rounded, never added across currencies."""

from typing import Annotated, Literal, Self

from pydantic import Field

from domain.fact import Fact
from domain.moment import Moment, first_date, last_date, refuse_backwards
from domain.refusal import Refused

# ISO 4217: the codes that are active, of funds too, or were until 2023, by the number of decimals of their minor unit
# where it is not two.
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
ANG BGN HRK BOV CHE CHW COU MXV USN XDR XSU XUA
""".split()
CURRENCIES = frozenset(_DECIMALS) | frozenset(_TWO_DECIMALS)

Qualifier = Literal["exactly", "about", "up-to", "at-least"]
"""How sharply a number was told."""
AmountText = Annotated[
    str,
    Field(
        pattern=r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$",
        description="an amount of money as decimal text, not below 0, without separators, such as 33300000000.50",
        examples=["550000000000", "33300000000.50"],
    ),
]
Currency = Annotated[
    str, Field(json_schema_extra={"enum": sorted(CURRENCIES)}, description="ISO 4217 code", examples=["USD"])
]


_MEANT = {"SDR": "XDR", "RMB": "CNY", "CNH": "CNY", "EURO": "EUR", "NTD": "TWD", "STG": "GBP"}
"""What currencies are called beside their codes."""


class UnknownCurrency(Refused):
    """A currency is an ISO 4217 code in capitals, such as USD or JPY; those withdrawn before 2023 are not known."""

    def __init__(self, told: str, field: str) -> None:
        """Says which code may be meant, where that is known."""
        meant = _MEANT.get(told.upper(), told.upper())
        super().__init__(f"{told} (that is {meant})" if meant in CURRENCIES else told, field)


class TooManyDecimals(Refused):
    """An amount has no more decimals than its currency's minor unit: two for USD, none for JPY."""


class PeriodWithoutPer(Refused):
    """An amount that begins on a day, or runs until one, is `per` year, month, day or hour."""


Per = Literal["hour", "day", "month", "year"]
"""For how long something is meant that is told of a time."""


class Money(Fact, frozen=True):
    """An amount of one currency, with the qualifier under which it was told.

    One that is `per` a time can tell the day on which it `begins`, and the last one, `until` which it runs.
    """

    amount: AmountText
    currency: Currency
    qualifier: Qualifier = "exactly"
    per: Per | None = None
    begins: Moment | None = None
    until: Moment | None = None

    def check(self) -> Self:
        if self.currency not in CURRENCIES:
            raise UnknownCurrency(self.currency, "currency")
        if len(self.amount.partition(".")[2]) > decimals(self.currency):
            raise TooManyDecimals(f"{self.amount} {self.currency}", "amount")
        if not self.per and (day := self.begins or self.until):
            raise PeriodWithoutPer(day, "per")
        if self.begins:
            refuse_backwards(self.begins, self.until, "until")
        return self

    @property
    def minor(self) -> int:
        """The amount in minor units: cents for USD, yen for JPY."""
        whole, _, part = self.amount.partition(".")
        return int(whole + part.ljust(decimals(self.currency), "0"))


def days_of(begins: str | None, until: str | None) -> tuple[str, str]:
    """The first and the last day on which something runs that is told of a time; empty where that is not told."""
    return first_date(begins) if begins else "", last_date(until).isoformat() if until else ""


def decimals(currency: str) -> int:
    """How many decimals the minor unit of a currency has (ISO 4217)."""
    return _DECIMALS.get(currency, 2)


def in_units(minor: int, currency: str) -> str:
    """Minor units as decimal text, with all the decimals of the currency: `-5` USD is `-0.05`."""
    return shifted(minor, decimals(currency))


def shifted(whole: int, places: int) -> str:
    """A whole number with the decimal point moved, as text with all its digits, however many."""
    digits = str(abs(whole)).zfill(places + 1)
    cut = len(digits) - places
    return ("-" if whole < 0 else "") + digits[:cut] + ("." + digits[cut:] if places else "")
