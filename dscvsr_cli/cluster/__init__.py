"""One film, or many, on many machines: the work of an upscaling job spread by Ray.

Work is cut at scenes, if it can be cut exactly, and every task writes segments into the work
folder that ``--resume`` uses. ``run`` is the story; ``session`` starts or joins a cluster, ``pool``
hires workers and gives them tasks by the rules of ``ledger``, ``film`` follows one film. ``actor``
and ``worker`` are what runs on the other side. Nothing else in the program imports Ray.
"""
