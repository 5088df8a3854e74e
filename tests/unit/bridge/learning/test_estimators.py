"""Spiking neurons made of fitted models of scikit-learn, and the models of which none are made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC

from bridge import LogisticNeuron, to_spiking
from neurosim import NeurosimError

RNG = np.random.default_rng(0)
X = RNG.normal([1.0, -2.0, 1e4], [1.0, 3.0, 0.1], (400, 3))
STANDARD = (X - X.mean(axis=0)) / X.std(axis=0)
Y = RNG.random(400) < expit(STANDARD @ [1.0, -1.0, 0.5] - 1.0)
TABLE = pd.DataFrame(X, columns=["a", "b", "c"])
GRID = {"C": [0.1, 1.0]}


def of_columns():
    return ColumnTransformer([("z", StandardScaler(), ["a", "c"]), ("b", "passthrough", ["b"])])


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=1000),
        LogisticRegressionCV(Cs=2, cv=3),
        LogisticNeuron(),
        LogisticNeuron(activation="tanh"),
        LogisticNeuron(fit_intercept=False, class_weight="balanced"),
        SGDClassifier(loss="log_loss", random_state=0),
        SGDClassifier(loss="log_loss", random_state=0, penalty="l1").set_params(alpha=0.01),
        LinearDiscriminantAnalysis(),
        GridSearchCV(LogisticRegression(), GRID, cv=2),
        RandomizedSearchCV(LogisticRegression(), GRID, n_iter=2, cv=2),
        CalibratedClassifierCV(LinearSVC(), method="sigmoid", ensemble=False),
        make_pipeline("passthrough", StandardScaler(), None, LogisticRegression()),
        make_pipeline(SimpleImputer(), PCA(2), MinMaxScaler(), LogisticNeuron()),
        make_pipeline(RobustScaler(), MaxAbsScaler(), SelectKBest(k=2), LogisticRegression()),
        make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), LogisticNeuron())),
        GridSearchCV(
            make_pipeline(StandardScaler(), LogisticRegression()),
            {"logisticregression__C": [1.0]},
            cv=2,
        ),
        make_pipeline(StandardScaler(), CalibratedClassifierCV(RidgeClassifier(), ensemble=False)),
    ],
    ids=lambda model: f"{type(model).__name__}",
)
@pytest.mark.parametrize("names", [False, True], ids=["array", "table"])
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of defaults of LogisticRegressionCV
def test_the_neuron_fires_with_the_probability_of_the_model(model, names):
    scaled = pd.DataFrame(STANDARD, columns=TABLE.columns) if names else STANDARD
    raw = TABLE if names else X
    given = (
        raw
        if hasattr(model, "steps") or hasattr(getattr(model, "estimator", 0), "steps")
        else scaled
    )
    model.fit(given, Y)
    twin = to_spiking(model, noise="escape", beta=0.5)
    wanted = model.predict_proba(given)[:, 1]

    assert twin.firing_probability(np.asarray(given)) == pytest.approx(wanted, abs=1e-6)


def test_a_scaler_is_folded_to_the_last_digits():
    far = X + np.array([0.0, 0.0, 1e6])  # a mean of 1e7 standard deviations
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(far, Y)
    scaler, model = pipeline[0], pipeline[1]
    twin = to_spiking(pipeline, beta=1.0)

    assert twin.psps == pytest.approx(model.coef_[0] / scaler.scale_, rel=1e-8)


def test_columns_of_a_table_are_found_by_name():
    model = make_pipeline(of_columns(), LogisticRegression(max_iter=1000)).fit(TABLE, Y)
    twin = to_spiking(model, noise="escape", beta=0.5)

    assert twin.firing_probability(X) == pytest.approx(model.predict_proba(TABLE)[:, 1], abs=1e-6)


def test_the_label_that_means_a_spike_goes_through_pipelines():
    words = np.where(Y, "fired", "silent")
    model = make_pipeline(StandardScaler(), LogisticNeuron(pos_label="fired")).fit(X, words)
    twin = to_spiking(model, noise="escape", beta=0.5)

    assert twin.firing_probability(X) == pytest.approx(model.predict_proba(X)[:, 0], abs=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        LinearSVC(),
        RidgeClassifier(),
        Perceptron(),
        SGDClassifier(loss="hinge"),
        SGDClassifier(loss="squared_hinge"),
        SVC(kernel="linear"),
        make_pipeline(StandardScaler(), LinearSVC()),
        GridSearchCV(LinearSVC(), GRID, cv=2),
        LinearRegression(),
    ],
    ids=lambda model: f"{type(model).__name__}",
)
@pytest.mark.filterwarnings("ignore")  # of convergence
def test_margins_are_not_taken_for_log_odds(model):
    with pytest.raises(NeurosimError, match=r"are margins, not log-odds.*CalibratedClassifierCV"):
        to_spiking(model.fit(STANDARD, Y))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SGDClassifier(loss="modified_huber"), "scores are not log-odds"),
        (
            RandomForestClassifier(3),
            "RandomForestClassifier is not a logistic neuron, because it has no",
        ),
        (KNeighborsClassifier(), "has no coef_ and intercept_"),
        (CalibratedClassifierCV(LinearSVC(), cv=2), r"2 classifiers.*ensemble=False"),
        (
            CalibratedClassifierCV(LinearSVC(), method="isotonic", ensemble=False),
            "method = 'isotonic'",
        ),
        (GridSearchCV(LogisticRegression(), GRID, cv=2, refit=False), "refit=True"),
        (LogisticNeuron(loss="squared", activation="relu"), "'relu' is not logistic"),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_what_gives_no_log_odds_is_refused_with_the_reason(model, message):
    with pytest.raises(NeurosimError, match=message):
        to_spiking(model.fit(STANDARD, Y))


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        LogisticNeuron(),
        LinearSVC(),
        RandomForestClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        GridSearchCV(LogisticRegression(), GRID),
    ],
    ids=lambda model: f"{type(model).__name__}",
)
def test_a_model_that_is_not_fitted_is_told_so(model):
    with pytest.raises(NeurosimError, match=f"this {type(model).__name__} has not been fitted"):
        to_spiking(model)


@pytest.mark.parametrize(
    "step",
    [
        PolynomialFeatures(2),
        PowerTransformer(),
        Normalizer(),
        KBinsDiscretizer(3, strategy="uniform"),
        OneHotEncoder(),
        OneHotEncoder(handle_unknown="ignore"),
        MinMaxScaler(clip=True),
    ],
    ids=lambda step: type(step).__name__,
)
def test_steps_that_are_not_affine_are_named(step, rng: np.random.Generator):
    pipeline = make_pipeline(StandardScaler(), step, LogisticRegression())
    pipeline.fit(rng.integers(0, 3, (400, 3)), Y)
    name = type(step).__name__
    with pytest.raises(NeurosimError, match=rf"step '{name.lower()}' of the Pipeline \({name}\)"):
        to_spiking(pipeline)


def test_three_classes_are_no_neuron():
    with pytest.raises(NeurosimError, match="has 3 intercepts"):
        to_spiking(LogisticRegression().fit(STANDARD, np.arange(400) % 3))
