"""How the network's steps are executed: torch, OpenVINO, ONNX, and the process they run in.

Begin with ``choose.py``, which picks a runtime. ``process.py`` sets up allocator and threads before
torch loads; ``graphs.py`` cuts the network into steps with the state as input and output;
``openvino_network.py`` runs those steps under the engine's protocol, and ``openvino_graphs.py``
converts and compiles them; ``export_graphs.py`` writes
them to files. Importing this package loads nothing heavy.
"""
