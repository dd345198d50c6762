"""Many customs events in one call of the client."""

from tests.asking import ahead


async def test_customs_sends_many_events_and_each_has_its_result(shells):
    customs = await shells("customs")
    reference = {"type": "GD", "country": "PK", "value": "KAPW-HC-1-18-08-2022"}
    event = {"event_type": "DECL", "event_time": ahead(-3), "reference": reference}
    events = [{**event, "event_id": "1"}, {**event, "event_id": "2", "event_type": "?"}, {**event, "event_id": "3"}]
    results = (await customs.customs_events(events))["results"]
    assert [(each["event_id"], each["status"]) for each in results] == [("1", 202), ("2", 422), ("3", 202)]
