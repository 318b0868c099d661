"""A phone network on this machine: takes text messages as Twilio does, or as any signed request, and delivers them to
files one can read. It can misbehave in every way a provider can; nothing ever leaves this machine.
"""
