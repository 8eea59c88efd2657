-- Ratings of answers, left for the process that answered: it alone knows the
-- prompt.
create table passed_rating (
    request uuid not null,
    caller text not null,
    score double precision not null,
    given_at timestamptz not null,
    primary key (request, caller)
);
