"""Outputs: frames encoded and muxed into a file that appears only when it is whole.

Begin with ``picture_spec`` (everything decided about an output's frames), then ``frame_writer``:
the life of every writer of frames, inside a ``partial_output``, which takes its name when it is
whole. ``writer`` is the usual kind: ``encoder`` turns frames into packets, ``muxer`` puts them
beside the copied streams, ``target_file`` knows where to write. ``encoder_options`` says how to
encode; ``encoder_words`` and ``encoder_quality`` speak each encoder's language. The other two kinds
are ``y4m_writer`` and ``sequence_writer`` (with ``picture_names`` and ``partial_pictures``).
"""
