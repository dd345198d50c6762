"""What a declaration is compared with, by itself: bounds of what is held, and the edge of five per cent."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from service.customs.matching import Consignment, Declared, Outcome, judge

WEIGHTS = st.decimals(Decimal("0.001"), Decimal(9_000_000), places=3)
GOODS = st.builds(
    Consignment, st.sampled_from(["a", "b", "c"]), st.none() | st.integers(1, 9000), st.none() | WEIGHTS, st.booleans()
)


@given(WEIGHTS)
def test_five_per_cent_above_and_below_match_exactly_and_the_next_gram_does_not(held):
    goods = [Consignment("a", 1, held)]
    for edge, outward in ((held * Decimal("1.05"), 1), (held * Decimal("0.95"), -1)):
        assert judge(Declared(gross_weight_t=edge), "r", goods).outcome is Outcome.MATCH
        beyond = Declared(gross_weight_t=edge + outward * Decimal("0.000001"))
        assert judge(beyond, "r", goods).outcome is Outcome.MISMATCH


@given(st.lists(GOODS, min_size=1, max_size=4), st.data())
def test_what_may_be_true_is_never_a_mismatch(goods, data):
    """Whatever is not stated, and however what is shared is split: the truth is never called a mismatch."""
    packages, weight = 0, Decimal(0)
    for each in goods:
        whole = each.packages if each.packages is not None else data.draw(st.integers(1, 9000))
        tonnes = each.weight_t if each.weight_t is not None else data.draw(WEIGHTS)
        packages += data.draw(st.integers(0, whole)) if each.shared else whole
        weight += tonnes * Decimal(data.draw(st.integers(0, 10))) / 10 if each.shared else tonnes
    judgement = judge(Declared(packages=packages, gross_weight_t=weight), "r", goods)
    assert judgement.outcome is not Outcome.MISMATCH
    certain = all(each.packages is not None and each.weight_t is not None and not each.shared for each in goods)
    assert (judgement.outcome is Outcome.MATCH) >= certain
