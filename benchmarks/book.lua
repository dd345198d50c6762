-- Each request books a berth of its own: quay and hour follow from a number that nobody has twice.
dofile("benchmarks/report.lua")
local number = tonumber(os.getenv("FIRST"))
local base = tonumber(os.getenv("BASE"))
local storage = os.getenv("STORAGE") == "1"
local function stamp(at) return os.date("!%Y-%m-%dT%H:%M:%SZ", at) end
function request()
  number = number + 1
  local quay = number % 200
  local start = base + math.floor(number / 200) % 2300 * 5 * 3600
  local from_m = 0
  local legs = string.format('{"kind":"berth","quay":"XXBEN-Q%d","from_m":%d,"window":{"start":"%s","end":"%s"}}',
    quay, from_m, stamp(start), stamp(start + 3 * 3600))
  if storage then
    legs = legs .. string.format(',{"kind":"storage","warehouse":"XXBEN-W%d","quantity":1,"window":{"start":"%s","end":"%s"}}',
      number % 10, stamp(start), stamp(start + 30 * 86400))
  end
  local body = string.format('{"client_reference":"B-%d","hold":false,"vessel":{"name":"BENCH","imo":"9074729","loa_m":90.0,"beam_m":15.0,'
    .. '"draught_m":5.5,"type":"general_cargo"},"cargo":{"class":"general","hs_code":"7202","weight_t":24000},"legs":[%s]}', number, legs)
  return wrk.format("POST", "/v1/bookings", {
    ["Authorization"] = "Bearer " .. os.getenv("KEY"), ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = "bench-" .. number }, body)
end
