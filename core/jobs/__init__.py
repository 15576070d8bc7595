"""The life of an asynchronous job: created, polled, given up, created again, cleared away.

- `job_slice`, `job`: the read of one slice through a job, and a job as the API knows it.
- `life`, `creation`, `cleanup`: the attempts at a job, how it is created, and how it is aborted and deleted.
- `known`, `fingerprint`: the jobs that a read leaves for a later one, and whether they are still what is wanted.
- `settings`, `slots`, `statuses`: how jobs are run, how many side by side, and what their statuses mean.
- `steps`, `answers`, `download_targets`: what a job needs of its retriever, and what is looked up in the API's answers.
"""
