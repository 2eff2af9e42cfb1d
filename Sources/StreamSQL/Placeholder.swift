import Operators
