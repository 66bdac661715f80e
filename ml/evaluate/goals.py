"""The goals F1 to F22 of the face model, and where in the commands' JSON each figure stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
Interval = tuple[float, float | None, float | None]  # reached, low, high


@dataclass(frozen=True)
class Part:
    """One number of a goal. must, aim: limits, None where none was set; least: they are lower limits."""

    what: str
    must: float | None
    aim: float | None
    read: Callable[[Json], Interval | None]
    least: bool = False


@dataclass(frozen=True)
class Goal:
    """takes: is this JSON the one to read from? Without it, only a JSON that says `"figure": "F13"` will do."""

    name: str
    title: str
    parts: tuple[Part, ...]
    takes: Callable[[Json], bool] | None = None


def value(*path: str, times: float = 1) -> Callable[[Json], Interval | None]:
    def read(found: Json) -> Interval | None:
        at = _at(found, path)
        return None if at is None else (float(at) * times, None, None)

    return read


def rate(rate_key: str) -> Callable[[Json], Interval | None]:
    return _with_interval("fnmr_at_fmr", rate_key, name="fnmr")


def _with_interval(*path: str, name: str) -> Callable[[Json], Interval | None]:
    def read(found: Json) -> Interval | None:
        point = _at(found, path)
        if not point or point.get(name) is None:
            return None
        low, high = point.get("low"), point.get("high")
        return point[name] * 100, None if low is None else low * 100, None if high is None else high * 100

    return read


def _accuracy(found: Json) -> Interval | None:
    low, high = found.get("accuracy_low"), found.get("accuracy_high")
    if found.get("accuracy") is None:
        return None
    return found["accuracy"] * 100, None if low is None else low * 100, None if high is None else high * 100


def _undetected(found: Json) -> Interval | None:
    return (100 * found["undetected"] / found["n_pictures"], None, None) if found.get("n_pictures") else None


def _yes(*path: str) -> Callable[[Json], Interval | None]:
    def read(found: Json) -> Interval | None:
        at = _at(found, path)
        return None if at is None else (float(bool(at)), None, None)

    return read


def _at(found: Json, path: Sequence[str]) -> Any:
    at: Any = found
    for key in path:
        at = at.get(key) if isinstance(at, Mapping) else None
    return at


def _is(protocol: str, **wanted: object) -> Callable[[Json], bool]:
    """The default model's JSON of this protocol, with these values, over everything (no label)."""

    def takes(found: Json) -> bool:
        ours = found.get("model") == "default" and "label" not in found
        return (
            ours and found.get("protocol") == protocol and all(found.get(k) == v for k, v in wanted.items())
        )

    return takes


def _speed(picture: str) -> Callable[[Json], bool]:
    return lambda found: (
        found.get("protocol") == "speed" and found.get("picture") == picture and found["threads"] == 1
    )


def _own(
    what: str, must: float | None, aim: float | None, key: str = "reached", *, least: bool = False
) -> Part:
    return Part(what, must, aim, value(key), least)


GOALS = (
    Goal("F1", "the paper's own protocol, by picture", (_own("accuracy %", 93.12, 95, least=True),)),
    Goal(
        "F2", "LFW, ten folds, raw pictures", (Part("accuracy %", 99.35, 99.6, _accuracy, least=True),),
        _is("verification", folds=10),
    ),
    Goal(
        "F3", "one picture", (
            Part("FNMR % at FMR 1e-3", 2.8, 1.5, rate("1e-3")), Part("at 1e-4", 8, 4, rate("1e-4")),
        ), _is("all-pairs", enrol=1),
    ),
    Goal(
        "F4", "five pictures", (
            Part("FNMR % at FMR 1e-3", 0.5, 0.3, rate("1e-3")), Part("at 1e-4", 2.2, 1.0, rate("1e-4")),
        ), _is("all-pairs", enrol=5),
    ),
    Goal(
        "F5", "one picture, rare strangers", (Part("FNMR % at FMR 1e-5", 18, 10, rate("1e-5")),),
        _is("all-pairs", enrol=1),
    ),
    Goal(
        "F6", "masked probe, five plain references", (
            Part("accuracy %", 97, None, _accuracy, least=True),
            Part("FNMR at FMR 1e-3 over the untuned net's", 0.5, None, value("over_untuned")),
            Part("FNMR % at FMR 1e-3", None, 6, rate("1e-3")),
            Part(
                "masked FMR over nominal, plain threshold", None, 2,
                value("masked_fmr_at_plain_threshold", "1e-3", "multiple"),
            ),
        ), _is("masked", recipe="other"),
    ),
    Goal(
        "F7", "1:N, N = 150, five pictures", (
            Part("FNIR % at FPIR 1 %", 10, 4, _with_interval("fnir_at_fpir", "0.01", name="fnir")),
        ), lambda found: _is("identification")(found) and 100 < found.get("gallery", 0) <= 160,
    ),
    Goal("F8", "undetected faces, LFW", (Part("%", 0.3, 0.1, _undetected),), _is("all-pairs", enrol=1)),
    Goal(
        "F9", "embedding one crop, one thread", (Part("ms", 12, 7, value("stages_p50_ms", "embed")),),
        _speed("640x480 JPEG"),
    ),
    Goal(
        "F10", "640x480 to embedding, one thread", (
            Part("p50 ms", 25, 16, value("p50_ms")), Part("p95 ms", 40, 25, value("p95_ms")),
        ), _speed("640x480 JPEG"),
    ),
    Goal("F11", "12 megapixels to embedding", (Part("p50 ms", 250, 120, value("p50_ms")),), _speed("4000x3000 JPEG")),
    Goal("F12", "comparing", (Part("ms", 0.1, 0.05, value("compare_ms")),), _speed("640x480 JPEG")),
    Goal("F13", "enrolling five pictures, verifying, over HTTP", (
        _own("enrol p95 ms", 400, 250, "enrol_p95_ms"), _own("verify p95 ms", 90, 60, "verify_p95_ms"),
    )),
    Goal("F14", "memory of a worker", (
        _own("MB", 350, 250, "rss_mb"), _own("growth MB in 10,000 verifies", 20, 5, "growth_mb"),
    )),
    Goal("F15", "committed weights, load", (
        _own("MB", 40, 30, "weights_mb"), _own("load s", 1.5, 0.6, "load_s"),
    )),
    Goal("F16", "8 threads equal one, bit for bit", (_own("holds", 1, 1, least=True),)),
    Goal(
        "F17", "worst adult group at the shipped threshold",
        (Part("FMR over nominal", 3, 1.5, value("worst_adult_multiple")),), _is("groups"),
    ),
    Goal(
        "F18", "calibration on people held out", (Part("ECE %", 2, 1, value("held_out", "ece", times=100)),),
        lambda found: found.get("protocol") == "calibration",
    ),
    Goal("F19", "ONNX against PyTorch", (_own("largest difference", 1e-4, 1e-4),)),
    Goal("F20", "1:N search of 10,000 and 200,000", (
        _own("ms at 10,000", 1, 0.2, "ms_10k"), _own("ms at 200,000", 15, 8, "ms_200k"),
    )),
    Goal(
        "F21", "face_recognition in the same run", (
            Part("fewer errors on every protocol", 1, 1, _yes("fewer_errors_everywhere"), least=True),
            Part("times faster", 6, 10, value("speed", "times_faster"), least=True),
        ), _is("peer"),
    ),
    Goal(
        "F22", "LFW at the shipped threshold", (
            Part("FNMR %, one picture", 12, 5, _with_interval("shipped", name="fnmr")),
            Part("five pictures", 4, 1.5, _with_interval("shipped_five", name="fnmr")),
        ), _is("all-pairs", enrol=1),
    ),
)  # fmt: skip
