"""Outputs: frames encoded and muxed into a file that appears only when it is whole.

Begin with ``picture_spec`` (everything decided about an output's frames), then ``writer``.
``encoder`` turns frames into packets, ``muxer`` puts them beside the copied streams,
``target_file`` knows where to write. ``encoder_options`` and ``encoder_quality`` speak each
encoder's language; ``y4m_writer`` and ``sequence_writer`` (with ``picture_names``) are the other
two kinds of output.
"""
