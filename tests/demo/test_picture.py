"""The picture that the demo shows to the model."""

from __future__ import annotations

from demo.picture import scratched_plate


def test_the_sample_picture_is_a_png_that_is_always_the_same() -> None:
    """The picture that the model is shown is drawn, not shipped."""
    assert scratched_plate().startswith(b"\x89PNG")
    assert scratched_plate() == scratched_plate()
