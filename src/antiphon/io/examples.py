"""Training examples as Magenta's `..._create_dataset` tools write them: `tf.train.SequenceExample` messages
in TFRecord files, read without TensorFlow.

An example is a sequence already encoded for one model: what its net saw and which label it should have
answered, step by step. `antiphon.codecs.examples` makes event sequences of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError
from antiphon.io import records
from antiphon.io.protobuf import Messages, messages

_INPUTS, _LABELS = "inputs", "labels"
_MOST_BYTES = 8 << 20  # an example of a long piece has one or two
_MOST_STEPS = 1 << 20

_TABLE = """
SequenceExample: 1 context Features; 2 feature_lists FeatureLists
Features: 1 feature repeated FeatureEntry
FeatureEntry: 1 key string; 2 value Feature
FeatureLists: 1 feature_list repeated FeatureListEntry
FeatureListEntry: 1 key string; 2 value FeatureList
FeatureList: 1 feature repeated Feature
Feature: 1 bytes_list one BytesList; 2 float_list one FloatList; 3 int64_list one Int64List
BytesList: 1 value repeated bytes
FloatList: 1 value repeated float
Int64List: 1 value repeated int64
"""


class TrainingExample(NamedTuple):
    """What stands in one `SequenceExample` of T steps."""

    inputs: npt.NDArray[np.float32]
    """[T, width]: the net's input after each event but the last."""
    labels: npt.NDArray[np.int64]
    """[T], or [T, heads]: the label of the event that followed."""


def loads(data: bytes) -> TrainingExample:
    """The example in a message's bytes. Raises `FormatError` where they are none, damaged, or ragged."""
    lists = _feature_lists(data)
    if lists is None or not {_INPUTS, _LABELS} <= set(lists):
        raise FormatError(
            "no SequenceExample with 'inputs' and 'labels'; expected records of create_dataset."
        )
    inputs = _table([step.float_list.value for step in lists[_INPUTS]], np.float32)
    labels = _table([step.int64_list.value for step in lists[_LABELS]], np.int64)
    if len(inputs) != len(labels):
        raise FormatError(f"an example of {len(inputs)} inputs and {len(labels)} labels; expected as many.")
    return TrainingExample(inputs, labels[:, 0] if labels.shape[1] == 1 else labels)


def unpack(record: bytes) -> TrainingExample:
    """The example in a TFRecord's record. Raises `FormatError`."""
    return loads(records.unpack(record))


def is_example(data: bytes) -> bool:
    """Whether a message's bytes are a training example, not music."""
    return bool(_feature_lists(data))


@cache
def _messages() -> Messages:
    return messages("tensorflow", _TABLE)


def _feature_lists(data: bytes) -> dict[str, Any] | None:
    """Lists of features by name; None where the bytes are no such message."""
    from google.protobuf.message import DecodeError

    if len(data) > _MOST_BYTES:
        return None
    message = _messages()["SequenceExample"]()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    return {entry.key: entry.value.feature for entry in message.feature_lists.feature_list}


def _table(rows: list[Any], dtype: type) -> npt.NDArray[Any]:
    """Rows of one length as an array [rows, width]; raises `FormatError` where they differ or are empty."""
    widths = {len(row) for row in rows}
    if len(widths) != 1 or 0 in widths or len(rows) > _MOST_STEPS:
        raise FormatError("an example whose steps are none, empty, or differ in width. Make the file again.")
    return np.array([list(row) for row in rows], dtype=dtype)
