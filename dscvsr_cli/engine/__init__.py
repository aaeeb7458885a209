"""Engine: frames in, enlarged frames out, in bounded memory; knows no files and no one network.

``stream`` is the front door and ``frame_network`` what it asks of a network. ``scenes`` finds cuts,
``scene_run`` works through one scene in ``windows`` and ``tiles`` (``tiled_passes``), and ``state``
is what it continues from. ``stream_plan`` fits windows and tiles into the ``memory``, ``device``
chooses device and dtype, ``background`` overlaps decoder, network and encoder. Start with
``stream.py``.
"""
