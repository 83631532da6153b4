"""Bytes as people read them."""

from appliance.base.sizes import size


def test_three_figures_in_powers_of_ten() -> None:
    told = {
        0: "0 B",
        999: "999 B",
        1536: "1.5 kB",
        99_949: "99.9 kB",
        99_950: "100 kB",
        999_499: "999 kB",
        999_500: "1.0 MB",
        14_800_000: "14.8 MB",
        282_000_000_000: "282 GB",
        3_900_000_000_000: "3.9 TB",
        4_000_000_000_000_000: "4000.0 TB",
    }
    assert {count: size(count) for count in told} == told
