"""What README shows runs."""

import re
from pathlib import Path


def test_the_losses_in_your_own_loop() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own README
    weights = names["network"].weight  # type: ignore[attr-defined]  # of the executed code
    assert weights.grad is not None
    assert weights.grad.isfinite().all()
