-- Whoever wakes what waits for a draft also lets its attempts begin anew.
grant update (attempts) on overage to hr_webhook, hr_api;
