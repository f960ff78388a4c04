"""What holds for every test: no verdict depends on how fast the machine is.

`pytest --hypothesis-profile=long` tries far more examples where a test does not set their number itself.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("fajian", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("fajian"), max_examples=5000)
settings.load_profile("fajian")
