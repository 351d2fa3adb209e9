"""Jobs of runs that are left when the operator goes: their Secrets hold the stores' keys."""

from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import JOBS
from imagestore.k8s.jobs.manifest import SELECTED


async def delete_jobs(client: Client, namespace: str) -> int:
    """Delete all Jobs of runs in the operator's namespace; return how many. None, where that is not allowed."""
    try:
        pages = client.pages(JOBS, namespace, metadata=True, params={"labelSelector": SELECTED})
        names = [item["metadata"]["name"] async for page in pages for item in page.items]
        for name in names:
            await client.delete_wholly(JOBS, namespace, name)
    except ApiError as error:
        if error.status != 403:
            raise
        return 0
    return len(names)
