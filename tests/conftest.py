"""Property tests draw the same examples in each run; `pytest --hypothesis-profile=new` draws new ones."""

import hypothesis

hypothesis.settings.register_profile("same", derandomize=True, database=None)
hypothesis.settings.register_profile("new", derandomize=False)
hypothesis.settings.load_profile("same")
