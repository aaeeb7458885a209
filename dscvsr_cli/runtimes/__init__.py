"""How the network's steps are executed: torch, compiled, OpenVINO, ONNX, and their process.

Begin with ``choose.py``, which picks a runtime. ``process.py`` sets up allocator and threads before
torch loads. ``graphs.py`` cuts the network into steps whose input and output is the state.
``openvino_network.py`` runs those steps under the engine's protocol, ``openvino_graphs.py``
converts and compiles them, and ``export_graphs.py`` writes them to files. ``stepped_passes.py``
says in which order steps follow each other.

The runtime "compiled" is ``compiled_passes.py``, whose steps go through torch.compile
(``compiler.py``); on CUDA ``captured_network.py`` replays them as captured graphs
(``captured_step.py``), with a head that keeps its filters (``kept_filters.py``). Importing this
package loads nothing heavy.
"""
