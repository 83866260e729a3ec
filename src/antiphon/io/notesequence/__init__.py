"""NoteSequence, the protocol buffer message in which Magenta holds music: alone in a file, or many in a
TFRecord file (`tfrecord`).

Bytes are the same as Magenta's on the wire; neither TensorFlow nor generated code is needed. Sources:
Magenta's `music.proto`; note-seq's conventions of what absent values mean.
"""

from __future__ import annotations

from antiphon.io.notesequence.read import loads
from antiphon.io.notesequence.write import Origin, dumps, to_bytes

__all__ = ["Origin", "dumps", "loads", "to_bytes"]
