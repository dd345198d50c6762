-- The same GET again and again, or with DISTINCT=1 a ship of other measures each time, so that nobody asks twice.
dofile("benchmarks/report.lua")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
local distinct, number = os.getenv("DISTINCT") == "1", math.floor(os.time() % 1000) * 1000
function request()
  if not distinct then return wrk.format() end
  number = number + 1
  local measures = string.format("loa_m=%.2f&draught_m=%.2f", 85 + number % 1000 / 100, 4 + math.floor(number / 1000) % 700 / 100)
  return wrk.format("GET", (wrk.path:gsub("loa_m=[%d.]+&draught_m=[%d.]+", measures)))
end
