"""How a door stops to listen without losing a client that is half way in."""

import asyncio


async def stop_listening(listener: asyncio.Server) -> None:
    """Let nobody else in; whoever came before has reached the protocol when this returns.

    asyncio takes a connection from the kernel one turn before it makes a transport of it, and
    two before it tells the protocol. A listener closed in between (CPython gh-109564) leaves a
    socket that nobody knows or closes: its client waits in vain. uvloop takes one turn less.
    """
    loop = asyncio.get_running_loop()
    for sock in listener.sockets:
        loop.remove_reader(sock)
    await asyncio.sleep(0)  # what was taken becomes a transport
    listener.close()
    await asyncio.sleep(0)  # and its protocol hears of it
