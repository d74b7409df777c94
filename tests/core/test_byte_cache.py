from symmcore.byte_cache import ByteCache


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache: ByteCache[str, int] = ByteCache(most_bytes=30, most_entries=9)
    for at, key in enumerate("abc"):
        cache.put(key, at, 10)
    assert cache.get("a") == 0
    cache.put("d", 3, 10)
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]
    assert (len(cache), cache.size) == (3, 30)


def test_the_number_of_entries_is_bounded_too() -> None:
    cache: ByteCache[int, int] = ByteCache(most_bytes=10**9, most_entries=4)
    for key in range(2_000):
        cache.put(key, key, 1)
    assert len(cache) == 4
    assert cache.get(1_999) == 1_999


def test_the_newest_stays_however_large_and_replacing_counts_once() -> None:
    cache: ByteCache[str, int] = ByteCache(most_bytes=30, most_entries=9)
    cache.put("a", 1, 5)
    cache.put("b", 2, 100)
    assert (cache.get("a"), cache.get("b"), cache.size) == (None, 2, 100)
    cache.put("b", 3, 7)
    assert (cache.get("b"), cache.size) == (3, 7)
    cache.clear()
    assert (len(cache), cache.size) == (0, 0)


def test_without_a_bound_of_entries_bytes_alone_count() -> None:
    cache: ByteCache[int, int] = ByteCache(most_bytes=2_000)
    for key in range(3_000):
        cache.put(key, key, 1)
    assert (len(cache), cache.size) == (2_000, 2_000)
