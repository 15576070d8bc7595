"""The life of an asynchronous job: created, started, polled, given up, created again, cleared away.

- `job_slice`, `job`: the read of one slice through a job, and a job as the API knows it.
- `life`, `creation`, `starting`, `cleanup`: the attempts at a job, how it is created and started, aborted and deleted.
- `polling`, `judging`, `poll_records`: how it is polled, what an answer means, and the records that come with it.
- `known`, `fingerprint`: the jobs that a read leaves for a later one, and whether they are still what is wanted.
- `settings`, `slots`, `refusals`, `statuses`: how jobs are run, how many side by side, and what their statuses mean.
- `steps`, `requests`, `answers`, `download_targets`: what a job needs of its retriever and looks up in answers.
- `checks`: what is wrong with the description of a job.
"""
