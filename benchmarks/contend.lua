-- Everybody wants the same place at the same time, each time another hour, so that one of the crowd wins each round.
local threads = {}
function setup(thread) table.insert(threads, thread) end
local number, base = tonumber(os.getenv("FIRST") or 0), tonumber(os.getenv("BASE") or 0)
created, refused, others = 0, 0, 0
function request()
  number = number + 1
  local start = base + math.floor(number / 400) * 5 * 3600
  local stamp = function(at) return os.date("!%Y-%m-%dT%H:%M:%SZ", at) end
  local body = string.format('{"client_reference":"C-%d","hold":false,"vessel":{"name":"BENCH","loa_m":90.0,"beam_m":15.0,"draught_m":5.5},'
    .. '"legs":[{"kind":"berth","quay":"XXTWO-Q0","from_m":500,"window":{"start":"%s","end":"%s"}}]}',
    number, stamp(start), stamp(start + 3 * 3600))
  return wrk.format("POST", "/v1/bookings", {
    ["Authorization"] = "Bearer " .. os.getenv("KEY"), ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = "contend-" .. number }, body)
end
function response(status)
  if status == 201 then created = created + 1 elseif status == 409 then refused = refused + 1 else others = others + 1 end
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"per_second": %.1f, "p50_ms": %.2f, "p99_ms": %.2f, "created": %d, "refused": %d, "not_2xx": %d, "broken": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    threads[1]:get("created"), threads[1]:get("refused"), threads[1]:get("others"),
    errors.connect + errors.read + errors.write + errors.timeout))
end
