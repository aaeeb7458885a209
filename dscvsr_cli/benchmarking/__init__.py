"""Measuring upscalers: begin with ``bench_run`` and ``measure_clip``.

``methods`` are what is measured, ``peers`` the images of other tools; ``bench_protocol`` says how;
``frame_meter`` compares frames; ``speed`` and ``cost`` count time and multiply-adds. Results are a
``report``, stored by ``report_file``, shown by ``tables``, ``sweep_chart`` and ``contact_sheets``,
compared by ``regression``, and put beside ``published`` figures.
"""
