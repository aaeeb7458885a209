"""Resume: an output made of finished segments, so that a run killed at any moment can continue.

``phase`` says how far an output is and what may follow; ``manifest`` is what is known of it on the
disk, ``state_file`` what the network continues from, ``work_folder`` and ``lock`` where both are
kept and who may write there. Start with ``resumable_output.py``, which joins them.
"""
