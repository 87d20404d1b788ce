'a'
 'b' U&'d\0061' uescape '!' u&"x" 1e5 .5 5. :=