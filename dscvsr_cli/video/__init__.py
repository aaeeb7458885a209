"""Video files in and out: the only package that imports PyAV. Import-linter holds its order.

Begin with ``info`` (what is known of an input), then ``read/reader`` and ``write/writer``.
``read`` decodes; ``pixels`` turns frames into tensors and back; ``write`` encodes and muxes;
``passthrough`` brings audio, subtitles and tags along; ``segments`` writes an output in pieces that
can be joined; ``verify`` compares two files. Here: ``containers`` says what each kind of file can
hold (a new one is one entry there), and ``timestamps`` is where every pts is decided.
"""
