import numpy as np
import pytest

from lernpfad.core import BundleError, NotFittedError
from lernpfad.core.persist import learned, require_fitted, revived, settings


class Mean:
    def __init__(self, smoothing, *, seed=0):
        self.smoothing = smoothing
        self.seed = seed
        self.listeners = []

    def fit(self, values):
        self.mean_ = float(np.mean(values))
        self.names_ = np.array(["a", "b"])
        self._cache_ = object()
        return self


class Plain:
    pass


def test_settings_are_the_constructor_arguments():
    assert settings(Mean(2.0, seed=5)) == {"smoothing": 2.0, "seed": 5}
    assert settings(Plain()) == {}


def test_learned_are_the_public_names_that_end_in_an_underscore():
    found = learned(Mean(2.0).fit([1.0, 3.0]))
    assert set(found) == {"mean_", "names_"}
    assert found["mean_"] == np.array(2.0)
    assert learned(Mean(2.0)) == {}


def test_a_revived_model_has_the_same_settings_and_arrays():
    model = Mean(2.0, seed=5).fit([1.0, 3.0])
    again = revived(Mean, settings(model), learned(model))
    assert settings(again) == settings(model)
    assert again.mean_ == 2.0
    assert again.names_.tolist() == ["a", "b"]


def test_settings_of_another_version_are_refused_by_name():
    with pytest.raises(BundleError, match=r"Mean does not take these settings: .*'width'"):
        revived(Mean, {"width": 3}, {})


def test_what_is_no_array_is_refused_by_name():
    model = Mean(1.0)
    model.tree_ = {"left": None}
    with pytest.raises(TypeError, match=r"Mean\.tree_ is not an array of numbers or strings"):
        learned(model)


def test_asked_before_it_was_fitted():
    with pytest.raises(NotFittedError, match=r"this Mean has not been fitted; call Mean\.fit\(train\)"):
        require_fitted(Mean(1.0))
    require_fitted(Mean(1.0).fit([1.0]))
