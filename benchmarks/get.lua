-- The same GET again and again.
dofile("benchmarks/report.lua")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
