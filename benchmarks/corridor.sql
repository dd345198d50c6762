SELECT * FROM book(bench_asked(nextval('bench'), true));
