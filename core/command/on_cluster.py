"""later"""
from core.command.arguments import Arguments
def run_on_cluster(arguments: Arguments) -> int:
    return 2
