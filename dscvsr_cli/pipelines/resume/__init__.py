"""Resume: build an output from finished segments, so that a run killed at any moment can continue.

``phase`` says how far an output is and what may follow. ``manifest`` is its record on the disk, and
``state_file`` what the network continues from; both are kept in the ``work_folder``, and ``lock``
decides who may write there. Start with ``resumable_output.py``, which joins them.
"""
