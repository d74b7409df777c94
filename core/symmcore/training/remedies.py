"""What is said of a finding of the collapse doctor, and which settings to try against it."""

import dataclasses
from dataclasses import dataclass

from symmcore.settings.losses import LossSettings, loss_info
from symmcore.settings.symm import Symm
from symmcore.training.collapse import Finding, Symptom
from symmcore.training.spec import RunSpec

_LOWER = 0.3  # of the learning rate, rounded to one digit: 0.001 becomes 0.0003
_USUAL_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Remedy:
    """A setting to try.

    Attributes:
        label: the change as people read it, such as "learning rate 0.0003".
        spec: the run with that change; its name is the SPEC for the command line.
    """

    label: str
    spec: RunSpec


def describe_finding(finding: Finding) -> str:
    """What happens, in one sentence, and since which step; or happened, and until which."""
    rests = "rests" if finding.trivial_loss is None else f"rests at {finding.trivial_loss:.4g}"
    when = f"since step {finding.since:,}"
    if finding.until is not None:
        when = f"from step {finding.since:,} until step {finding.until:,}"
    return _SENTENCES[finding.symptom].format(when=when, rests=rests)


def remedies(finding: Finding, spec: RunSpec, learning_rate: float) -> tuple[Remedy, ...]:
    """What to try, most likely first; nothing where no setting of a run helps.

    Args:
        finding: what was found.
        spec: what the run trains.
        learning_rate: with which it trains, wherever that was chosen.
    """
    if finding.symptom is Symptom.NO_RATE:
        return (_rate(spec, _USUAL_RATE),)
    if not finding.symptom.is_collapse:
        return ()
    tries = [_rate(spec, float(f"{_LOWER * learning_rate:.0e}"))]
    if spec.symm is not None:
        tries += _milder_negatives(spec, spec.symm)
    if finding.symptom is Symptom.NORMS:
        tries += _no_penalty(spec)
    if spec.loss != "triplet-semihard":
        symm = None if spec.symm is None else Symm(spec.symm.alpha, spec.symm.beta)
        other = dataclasses.replace(
            spec, loss="triplet-semihard", symm=symm, loss_settings=LossSettings()
        )
        tries.append(Remedy("semi-hard triplets", other))
    return tuple(tries)


def _rate(spec: RunSpec, rate: float) -> Remedy:
    return Remedy(f"learning rate {rate:g}", dataclasses.replace(spec, learning_rate=rate))


def _milder_negatives(spec: RunSpec, symm: Symm) -> list[Remedy]:
    tries = []
    if symm.rank == 1:
        milder = dataclasses.replace(symm, rank=2)
        tries.append(Remedy("rank 2", dataclasses.replace(spec, symm=milder)))
    if symm.pairs == "paper":
        official = dataclasses.replace(symm, pairs="official", rank=1)
        tries.append(Remedy("the official pairs", dataclasses.replace(spec, symm=official)))
    return tries


def _no_penalty(spec: RunSpec) -> list[Remedy]:
    default = loss_info(spec.loss).defaults.l2_reg
    given = spec.loss_settings.l2_reg
    if default is None or given == 0.0:
        return []
    settings = dataclasses.replace(spec.loss_settings, l2_reg=0.0)
    return [Remedy("no norm penalty", dataclasses.replace(spec, loss_settings=settings))]


_SENTENCES = {
    Symptom.NORMS: (
        "The embedding has been collapsing {when}: its norms shrink to nothing, and the loss "
        "{rests}, its value where all embeddings are zero."
    ),
    Symptom.DIRECTIONS: (
        "The embedding has been collapsing {when}: all images point the same way, and the loss "
        "{rests}, its value where all embeddings are equal."
    ),
    Symptom.NO_RATE: "No weight has moved {when}: the learning rate is 0 or nearly so.",
    Symptom.FROZEN: (
        "No weight has had a gradient {when}: the network is frozen, or cut off from the loss."
    ),
    Symptom.ONE_CLASS: (
        "All labels of a batch have been equal {when}: there is no image of another class to "
        "tell apart."
    ),
    Symptom.NO_PAIRS: (
        "Every image of a batch has been alone in its class {when}: there is no pair to bring "
        "together."
    ),
}
