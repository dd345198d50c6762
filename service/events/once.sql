-- Once: a request under an idempotency key takes effect once, and its answer is what the event of that effect became.

-- Claim an idempotency key, or give the event of its first effect. A twin waits here until the first has ended.
CREATE OR REPLACE FUNCTION claim_key(organisation text, wanted text, print text, OUT first_print text, OUT first_event bigint)
LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        INSERT INTO idempotency_keys (organisation_id, key, fingerprint) VALUES (organisation, wanted, print)
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        SELECT fingerprint, event_id INTO first_print, first_event
        FROM idempotency_keys WHERE organisation_id = organisation AND key = wanted;
        EXIT WHEN FOUND;  -- else it was pruned between the two statements
    END LOOP;
END
$$;
