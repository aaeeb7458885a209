"""The program ``dscvsr``: the only place that reads arguments and prints.

Begin with ``app``, which lists the commands and maps errors to exit codes. Large commands have a
folder (``upscale``, ``compare``, ``train``, ``bench``, ``weights``): ``options`` describes the
options, ``command`` turns them into a job, ``output`` writes the result. Shared: ``options``,
``takes_options`` (a dataclass as a command's options), ``parsers`` (text to values), ``console``.
"""
