-- Each request moves a booking of its own along its quay, and asks for more floor if it has any.
dofile("benchmarks/report.lua")
local number = tonumber(os.getenv("FIRST"))
local base = tonumber(os.getenv("BASE"))
local storage = os.getenv("STORAGE") == "1"
local function stamp(at) return os.date("!%Y-%m-%dT%H:%M:%SZ", at) end
function request()
  number = number + 1
  local id = string.format("%026d", number)
  local start = base + math.floor(number / 200) % 2300 * 5 * 3600
  local legs = string.format('{"id":"leg_%s","kind":"berth","quay":"XXBEN-Q%d","from_m":300,"window":{"start":"%s","end":"%s"}}',
    id, number % 200, stamp(start), stamp(start + 3 * 3600))
  if storage then
    legs = legs .. string.format(',{"id":"leg_1%025d","kind":"storage","warehouse":"XXBEN-W%d","quantity":2,"window":{"start":"%s","end":"%s"}}',
      number, number % 10, stamp(start), stamp(start + 30 * 86400))
  end
  return wrk.format("POST", "/v1/bookings/bkg_" .. id .. "/amend", {
    ["Authorization"] = "Bearer " .. os.getenv("KEY"), ["Content-Type"] = "application/json",
    ["If-Match"] = '"1"', ["Idempotency-Key"] = "amend-" .. number }, '{"legs":[' .. legs .. "]}")
end
