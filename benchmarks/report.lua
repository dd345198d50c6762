-- Ends a wrk run with one line of JSON.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"per_second": %.1f, "p50_ms": %.2f, "p99_ms": %.2f, "not_2xx": %d, "broken": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
