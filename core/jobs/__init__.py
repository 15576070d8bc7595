"""The life of an asynchronous job: created, polled, given up, created again, cleared away.

- `job_slice`, `job`: the read of one slice through a job, and a job as the API knows it.
- `life`, `creation`, `cleanup`: the attempts at a job, how it is created, and how it is aborted and deleted.
- `slots`, `statuses`: how many jobs run side by side, what their statuses mean, and when they are polled.
- `steps`, `answers`, `download_targets`: what a job needs of its retriever, and what is looked up in the API's answers.
"""
