"""
JSON documents of the near side as frozen dataclasses, and back.

The lock, a plan, a toolchain and the notes of failed builds are written by one job or person and
read by another, so every reader is a door: ``rows.parse`` checks each value against the type of its
field, names the place of the first that differs, and refuses unknown, missing and repeated keys.
The far side has a strict reader of its own (``matrix.record.canonical``): it refuses any form of a
value but one, and shares no code with the writer.

The decoders are compiled from the types here and not taken from msgspec, which ignores the unknown
and the repeated keys of dataclasses, gives no names of a mapping's keys, and takes 50 ms to import,
a third of what ``check`` needs (docs/decisions/0032).
"""
