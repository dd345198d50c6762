"""A place's timetable as one reader sees it, in JSON or drawn: bookings that he may see by name, others as taken."""
